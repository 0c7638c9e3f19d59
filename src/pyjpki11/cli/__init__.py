"""The command `pyjpki11`, one file per subcommand."""
