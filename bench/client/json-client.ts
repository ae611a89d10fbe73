import http from 'node:http';

/** Asks one target and parses what it answers. Connections stay open, as a browser's do. */
export class JsonClient {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  private readonly port: number;
  private readonly headers: Record<string, string>;
  /** Bytes of all answers' bodies so far. */
  receivedBytes = 0;

  constructor(port: number, headers: Record<string, string> = {}) {
    this.port = port;
    this.headers = headers;
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body), 'application/json');
  }

  postForm<Answer>(path: string, fields: Record<string, string>): Promise<Answer> {
    return this.send(
      'POST',
      path,
      new URLSearchParams(fields).toString(),
      'application/x-www-form-urlencoded',
    );
  }

  /** The answer's text, whatever it is. */
  async request(
    method: string,
    path: string,
    body?: string,
    type?: string,
  ): Promise<http.IncomingMessage & { text: string }> {
    const headers: Record<string, string | number> = { ...this.headers };
    if (body !== undefined) {
      headers['content-type'] = type!;
      headers['content-length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, method, path, agent: this.agent, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const content = Buffer.concat(chunks);
            this.receivedBytes += content.length;
            resolve(Object.assign(response, { text: content.toString() }));
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private async send<Answer>(method: string, path: string, body?: string, type?: string): Promise<Answer> {
    const response = await this.request(method, path, body, type);
    if (response.statusCode! >= 300) {
      throw new Error(
        `${method} ${path.slice(0, 200)}: ${response.statusCode} ${response.text.slice(0, 500)}`,
      );
    }
    return (response.text === '' ? undefined : JSON.parse(response.text)) as Answer;
  }
}
