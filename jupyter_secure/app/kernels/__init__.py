"""What kernels may do with the files of their folder."""
