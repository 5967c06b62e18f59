-- description: The raw files that each day was made of, as landed.
-- partition: day
-- unique: kind, day, file
-- owner: team:analytics
-- column day: day that the file's records belong to
select kind, day, file, bytes, sha256, records_in, records_kept, records_refused, arrived, arrival
from lake.raw_files
