let offsetMs = 0;

/** Learns from an answer's Date header how far this browser's clock is off; whole seconds are its grain. */
export function noteHubTime(response: Response): void {
  const hubAt = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(hubAt)) return;
  const differenceMs = hubAt + 500 - Date.now();
  offsetMs = Math.abs(differenceMs) > 2000 ? differenceMs : 0;
}

/** Now, by the hub's clock: charts and ages stay right in a browser whose clock is wrong. */
export function readHubNow(): number {
  return Date.now() + offsetMs;
}
