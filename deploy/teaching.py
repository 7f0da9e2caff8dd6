"""What `python -m deploy COMMAND --help` teaches: what the command does and in which order, what it changes, and how it is called."""

from __future__ import annotations

ABOUT = {
    "up": """\
Make all of it, or bring it up to date. Each step may have been done before, so after a failure the same command goes on:

  1  the bucket of Terraform's state, once an account
  2  Terraform: it shows its plan and asks, unless --yes
  3  secrets that are empty get values; the bot's token is asked for, or taken from TELEGRAM_TOKEN
  4  without a domain: a self-signed certificate for the load balancer's own name, imported, and Terraform once more
  5  Telegram is told where to deliver, by a site instance, which is waited for

  python -m deploy up
  python -m deploy up --new-certificate                        before the self-signed one ends: `doctor` says when
  python -m deploy up --replace 'aws_instance.site["a"]'       one instance anew, with the settings of now""",
    "status": """\
Print what runs, what waits, what is alarmed and what is being rolled out. Changes nothing.

  python -m deploy status""",
    "logs": """\
Print the log of a side from CloudWatch, all of its instances, oldest line first. Lines are kept for 14 days. Changes nothing.

  python -m deploy logs site                         of the last ten minutes
  python -m deploy logs worker --word 42-7 --since 2h    the way of one prediction
  python -m deploy logs worker --follow              until Ctrl-C""",
    "down": """\
Destroy all of it: photos, predictions, queues, accounts, secrets. It says so and asks for the service's name first; any other word ends
it, and nothing has happened. The bucket of Terraform's state stays, and the bot has no webhook that answers.

  python -m deploy down""",
    "cost": """\
Print what it costs a month before it has looked at a photo, line by line, by the prices in deploy/operations/prices.json (us-east-1).
Asks AWS nothing.

  python -m deploy cost
  python -m deploy cost --workers 2.5                so many on average""",
    "doctor": """\
Check what can be checked, and say what to do: lines that begin with LOOK are for you. Ends with 1 where there is one.

Before the first `up`: programs, account, zones, quota. Afterwards also: secrets, certificate, instances, SSM, workers and their way to the
site, that nobody but Telegram is let in, where Telegram delivers, alarms and who hears of them, the trust of the workflows' role.
It changes nothing; commands that it runs on instances only look.

  python -m deploy doctor""",
}
