// Preloaded into an agent (`node --require`): writes each report that its spool has made durable, one a line, into
// the file that COLLECTED_LEDGER names, before the agent itself hears that it is.
'use strict';
const { appendFileSync } = require('node:fs');
const promises = require('node:fs/promises');

const HEADER_BYTES = 28;
const { open } = promises;

promises.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  if (!String(path).endsWith('.segment')) return file;
  const write = file.write.bind(file);
  const datasync = file.datasync.bind(file);
  let written = [];
  file.write = async (bytes, from, length, ...more) => {
    const result = await write(bytes, from, length, ...more);
    written.push(Buffer.from(bytes.subarray(from, from + result.bytesWritten)));
    return result;
  };
  file.datasync = async () => {
    await datasync();
    const bytes = Buffer.concat(written);
    written = [];
    const lines = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 8);
      lines.push(`${bytes.toString('utf8', at + HEADER_BYTES, end)}\n`);
      at = end;
    }
    appendFileSync(process.env.COLLECTED_LEDGER, lines.join(''));
  };
  return file;
};
