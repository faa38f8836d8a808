"""Proofs that commits are neither lost nor doubled: experiments with real drivers, stores and faults."""
