-- description: Which raw files each day was made of: name, size and digest of every file, its records in, kept and refused, and the
--   day on which it had come. The end of every way from a figure back to what somebody sent.
-- partition: day
-- unique: kind, day, file
-- owner: team:analytics
-- column kind: raw asset: steel_scenes, solar_scenes, lot_images, pings, mobility_index or posts
-- column day: day that the records belong to; a file of many days has a row for each of them
-- column file: name below the source's folder; of pings and posts, whose files may be named after people, a number and
--   the ending: the lake's raw_files has the name, found by sha256; empty: nothing was there that day
-- column bytes: size of the file
-- column sha256: digest of the file; null for a link that was not followed
-- column records_in: records of the day in it; files of a STAC item are counted with the item
-- column records_kept: of them in the lake
-- column records_refused: of them in quarantine
-- column arrived: day whose knowledge it joined: the day itself when in time
-- column arrival: how that is known: declared, item, file time, or in time (nothing says otherwise)
-- column is_late: whether as-of days before it had to do without this file
select
    kind,
    day,
    case
        when kind in ('pings', 'posts') and file <> ''
            then concat(
                '#',
                row_number() over (partition by kind, day order by file),
                regexp_extract(file, '([.][a-z]{2,7}){1,2}$')
            )
        else file
    end as file,
    bytes,
    sha256,
    records_in,
    records_kept,
    records_refused,
    arrived,
    arrival,
    arrived > day as is_late
from staging.stg_raw_files
