/** What a report may hold. Beyond a limit the report is refused with the code named here. */

/** `too_many_series`: series in one report. */
export const MAX_SERIES_PER_REPORT = 2_000;
/** Series that one monitor may have within `ACTIVE_SERIES_MS`; values of further ones are left out and counted. */
export const MAX_ACTIVE_SERIES = 10_000;
export const ACTIVE_SERIES_MS = 24 * 3_600_000;
/** A batch larger than this is refused whole. */
export const MAX_REPORTS_PER_BATCH = 10_000;
/** `timestamp_out_of_range`: how old a report may be. */
export const MAX_REPORT_AGE_MS = 8 * 24 * 3_600_000;
/** `timestamp_out_of_range`: how far ahead of the hub's clock a report may be. */
export const MAX_REPORT_LEAD_MS = 10 * 60_000;
/** `too_long`: a name or label value, in code points and in UTF-8 bytes. */
export const MAX_TEXT_CODE_POINTS = 256;
export const MAX_TEXT_BYTES = 1_024;
/** `ignored` in the answer names at most this many parts and keys. */
export const MAX_IGNORED_NAMED = 50;
/** A monitor's interval, in seconds. */
export const MIN_INTERVAL_SECONDS = 1;
export const MAX_INTERVAL_SECONDS = 3_600;
/** Between two reports further apart than this many intervals lies a gap: no line, no rate. */
export const GAP_INTERVALS = 2.5;
