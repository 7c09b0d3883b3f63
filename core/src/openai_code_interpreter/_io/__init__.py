"""What talks to network and disk, and runs beside a stream: it carries out, and decides nothing.

Each decision that is carried out here is made in `_sansio`.
"""
