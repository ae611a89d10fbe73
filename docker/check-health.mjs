// The image's health check: the hub is healthy when it can take reports. Slim images have no curl.
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

const { PORT = 3000, WATCHKEEPER_TLS, WATCHKEEPER_TLS_CERT_FILE } = process.env;
const isTls = WATCHKEEPER_TLS === 'auto' || Boolean(WATCHKEEPER_TLS_CERT_FILE);
const status = await new Promise((resolve) => {
  // The certificate is for the names that others use; nothing secret is said here.
  const options = {
    host: '127.0.0.1',
    port: PORT,
    path: '/readyz',
    timeout: 4_000,
    rejectUnauthorized: false,
  };
  const request = (isTls ? getHttps : getHttp)(options, (answer) => {
    answer.resume();
    resolve(answer.statusCode);
  });
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', (error) => resolve(error.message));
});
if (status !== 200) console.error(`not ready: ${status}`);
process.exit(status === 200 ? 0 : 1);
