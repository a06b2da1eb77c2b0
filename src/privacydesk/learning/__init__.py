"""What both trainings share: layers of the encoder, check points, 8-bit quantisation."""
