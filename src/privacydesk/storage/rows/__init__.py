"""Row mappers: domain values to rows and back, sealing and opening on the way."""
