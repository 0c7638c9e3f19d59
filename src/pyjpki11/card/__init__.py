"""The JPKI application of the My Number card; nothing here knows PKCS#11."""
