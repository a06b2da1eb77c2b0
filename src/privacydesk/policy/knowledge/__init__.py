"""What the desk knows of how policies are asked about; data files beside it, ours."""
