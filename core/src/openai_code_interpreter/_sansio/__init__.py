"""What decides, without input or output: no module here touches network, disk, threads or a loop.

Whatever is true of a stream, a request, a file or a container is said here once, for sync and
async alike; the rooms of `_io` only carry it out.
"""
