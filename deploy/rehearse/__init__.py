"""The whole of deploy/terraform, applied to an emulator of AWS and used there by the service itself."""
