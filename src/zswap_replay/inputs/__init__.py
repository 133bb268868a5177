"""What is read from outside and not trusted: Parquet files of any writer, standard input and pipes."""
