import { CORES, DISKS, INTERFACES } from './series.js';
import type { ReportBatch } from './report-batch.js';

const BOOT_ID = '8a1c6a52-1111-4222-8333-944455556666';

/** The body that the hub's agent sends: one report, or a list of them. */
export function encodeReportBody({ ats, rows }: ReportBatch): string {
  if (ats.length === 1) return encodeReport(ats[0]!, rows[0]!);
  return `{"reports":[${ats.map((at, index) => encodeReport(at, rows[index]!)).join(',')}]}`;
}

function encodeReport(at: number, v: Float64Array): string {
  let next = 0;
  const take = (): number => v[next++]!;
  const usagePercent = take();
  const cpu =
    `"usagePercent":${usagePercent},"cores":${take()},"load1":${take()},"load5":${take()},"load15":${take()},` +
    `"userPercent":${take()},"systemPercent":${take()},"iowaitPercent":${take()},"stealPercent":${take()},` +
    `"perCorePercent":[${Array.from({ length: CORES }, take).join(',')}]`;
  const memory =
    `"totalBytes":${take()},"availableBytes":${take()},"usedBytes":${take()},"usagePercent":${take()},` +
    `"swapTotalBytes":${take()},"swapUsedBytes":${take()}`;
  const storage = DISKS.map(
    ({ mount, device, fsType }) =>
      `{"mount":"${mount}","device":"${device}","fsType":"${fsType}","totalBytes":${take()},` +
      `"usedBytes":${take()},"freeBytes":${take()},"usagePercent":${take()}}`,
  );
  const network = INTERFACES.map(
    (name) =>
      `{"interface":"${name}","bytesSent":${take()},"bytesReceived":${take()},"packetsSent":${take()},` +
      `"packetsReceived":${take()},"errorsIn":${take()},"errorsOut":${take()},"dropsIn":${take()},"dropsOut":${take()}}`,
  );
  const custom =
    `{"name":"process.count","value":${take()}},{"name":"tcp.established","value":${take()}},` +
    `{"name":"sensor.celsius","value":${take()}}`;
  return (
    `{"at":${at},"bootId":"${BOOT_ID}","intervalSeconds":10,"cpu":{${cpu}},"memory":{${memory}},` +
    `"storage":[${storage.join(',')}],"network":[${network.join(',')}],"custom":[${custom}]}`
  );
}
