"""The composition root: one command line over the kernel, the producers, the stream and the batch jobs."""
