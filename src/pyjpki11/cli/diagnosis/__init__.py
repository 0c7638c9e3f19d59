"""What `pyjpki11 doctor` examines, a file per subject."""
