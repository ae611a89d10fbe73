// The image's health check: the hub is healthy when it can take reports. Slim images have no curl.
const answer = await fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/readyz`, {
  signal: AbortSignal.timeout(4_000),
}).catch((error) => ({ ok: false, status: error.message }));
if (!answer.ok) console.error(`not ready: ${answer.status}`);
process.exitCode = answer.ok ? 0 : 1;
