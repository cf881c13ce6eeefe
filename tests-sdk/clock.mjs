// Sets the clock that the SDKs read. They compare timestamps with `Date` only, so replacing it is enough to let
// them judge a request as if it arrived when it was signed.

const RealDate = globalThis.Date;
let now_ms;

class SetDate extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [SetDate.now()] : parts));
  }

  static now() {
    return now_ms ?? RealDate.now();
  }
}

globalThis.Date = SetDate;

/** From here on it is `timestamp_s` for every SDK, until the next call. */
export function setClock(timestamp_s) {
  now_ms = timestamp_s * 1000;
}
