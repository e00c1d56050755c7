"""Many sessions at once, on a laptop or a Dask cluster: the only room with dask and fsspec.

Comes in: session files, on disks or in object storage. Goes out: one partitioned Parquet dataset,
a file for each session, that appears whole or not at all, and an index of the sessions that failed.

Open `run` first: it reads from top to bottom. `places` finds session files and fetches them,
`store` is the folder of results, `ledger` counts what became of each file, `cluster` is Dask. On
each worker `worker` fetches a session and hands it to `child`, a process that may die of a bad file
without harm; that one analyses (`session`) and lays out rows (`table`, with `columns`, which says
what each column means).
"""
