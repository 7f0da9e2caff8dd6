"""The one place that imports the yolov5 package, and undoes what that does to the process.

Importing it reaches for torchvision (for a function we don't call, and its wheel on PyPI needs CUDA) and for ultralytics (for an
installer of requirements we don't want), writes a settings folder into the home, adds itself to sys.path under names as common
as `utils`, sets the threads of OpenCV and OpenMP, the print options of numpy and torch, the warning filters, and a log handler.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from detection.model.errors import ModelError

INSTALL = "them with `make setup` (they are the extra `model` of pyproject.toml)"


@cache
def yolo() -> ModuleType:
    """yolov5.models.yolo, with every side effect of importing it undone. Raises ModelError where it, or torch, is missing."""
    return _import("yolov5.models.yolo")


@cache
def common() -> ModuleType:
    """yolov5.models.common, likewise."""
    return _import("yolov5.models.common")


@cache
def loss() -> ModuleType:
    """yolov5.utils.loss, likewise: for training."""
    return _import("yolov5.utils.loss")


def _import(name: str) -> ModuleType:
    try:
        with _torch_print_options(), _process_unchanged(), _stubs():
            module = importlib.import_module(name)
    except ImportError as error:
        raise ModelError(f"YOLOv5 and torch are needed for this, and can't be imported ({error}). Install {INSTALL}.") from error
    logging.getLogger("yolov5").setLevel(logging.WARNING)  # or it prints each layer of each model it builds
    return module


@contextlib.contextmanager
def _process_unchanged() -> Iterator[None]:
    environment, path, threads = dict(os.environ), list(sys.path), cv2.getNumThreads()
    with contextlib.ExitStack() as stack:
        stack.callback(cv2.setNumThreads, threads)
        stack.callback(sys.path.__setitem__, slice(None), path)
        stack.callback(_restore_environment, environment)
        stack.enter_context(np.printoptions())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # its code is of 2022, and pkg_resources says of itself that it is deprecated
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ.update(YOLOV5_CONFIG_DIR=folder, YOLOv5_AUTOINSTALL="false", YOLOv5_VERBOSE="false")
        yield


def _restore_environment(environment: dict[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


@contextlib.contextmanager
def _torch_print_options() -> Iterator[None]:
    from torch import _tensor_str  # torch has no public way to read them

    before = vars(_tensor_str.PRINT_OPTS).copy()
    try:
        yield
    finally:
        vars(_tensor_str.PRINT_OPTS).update(before)


@contextlib.contextmanager
def _stubs() -> Iterator[None]:
    """Stand-ins for torchvision and ultralytics, taken away again so that whoever has the real ones gets those."""
    stubs = {module.__name__: module for module in _stand_ins()}
    before = {name: sys.modules[name] for name in stubs if name in sys.modules}
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for name in stubs:
            del sys.modules[name]
        sys.modules.update(before)


def _stand_ins() -> Iterator[ModuleType]:
    torchvision = _stub("torchvision", __version__="0")
    for name, names in {"ops": {}, "transforms": {}, "datasets": {"ImageFolder": object}}.items():
        submodule = _stub(f"torchvision.{name}", **names)
        setattr(torchvision, name, submodule)
        yield submodule
    functional = _stub("torchvision.transforms.functional")
    torchvision.transforms.functional = functional
    yield from (functional, torchvision)
    yield from (_stub("ultralytics"), _stub("ultralytics.utils"))
    yield _stub("ultralytics.utils.checks", check_requirements=_check_nothing)


def _stub(name: str, **names: Any) -> ModuleType:
    stub = ModuleType(name)
    stub.__spec__ = ModuleSpec(name, loader=None)  # torch looks for it by `importlib.util.find_spec`, which insists on one
    stub.__path__ = []
    vars(stub).update(names)
    return stub


def _check_nothing(*_: object, **__: object) -> None:
    """Instead of ultralytics' check_requirements, which installs what it misses."""
