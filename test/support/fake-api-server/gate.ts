/** A TCP gate in front of a real server: open, shut (connections are refused and cut), or frozen (nothing passes, nothing ends). */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'Open' | 'Shut' | 'Frozen' = 'Open';
  /** Connections that were let through. */
  passed = 0;

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      if (this.#state === 'Shut') {
        client.destroy();
        return;
      }
      this.passed += 1;
      const upstream = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (chunk) => {
          if (this.#state === 'Open') to.write(chunk);
        });
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async before(url: string): Promise<Gate> {
    const gate = new Gate(new URL(url));
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  shut(): void {
    this.#state = 'Shut';
    for (const socket of this.#sockets) socket.destroy();
  }

  freeze(): void {
    this.#state = 'Frozen';
  }

  open(): void {
    this.#state = 'Open';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
