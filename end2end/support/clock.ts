import { connect } from 'node:net';

/** Moves the server's clock and runs its jobs, through the control socket that only `APP_ENV=test` opens. */
export class Clock {
  constructor(private readonly socket: string) {}

  /** Moves the server's time forward by a signed span: `+90m`, `+7d`. */
  async advance(span: string): Promise<void> {
    await this.ask(`clock ${span}`);
  }

  /** Runs every job that is due now, and waits for its end. */
  async tick(): Promise<void> {
    await this.ask('tick');
  }

  /** Runs the hourly housekeeping, and waits for its end. */
  async sweep(): Promise<void> {
    await this.ask('sweep');
  }

  /** Lets hours pass in which the service runs: each has its housekeeping. Only such hours count where somebody can
   * refuse something. */
  async wait(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour++) {
      await this.advance('+1h');
      await this.sweep();
    }
  }

  /** Moves the time on by a day and runs what is due then. */
  async nextDay(): Promise<void> {
    await this.advance('+1d');
    await this.tick();
  }

  /** The time in Seoul, as a time field takes it. A pair with this push time is due at every `nextDay`. */
  async minute(): Promise<string> {
    const [, now] = (await this.ask('clock +0s')).split(' ');
    return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Seoul' }).format(
      Number(now),
    );
  }

  /** Sends one line and reads one line: `ok …`, or `error …`, which is thrown. */
  private ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(this.socket, () => socket.write(`${line}\n`));
      socket.setEncoding('utf8');
      socket.setTimeout(30_000, () => socket.destroy(new Error(`no answer to "${line}" in 30 s`)));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`the control socket closed without an answer to "${line}"`)));
      socket.on('data', (chunk: string) => {
        answer += chunk;
        const end = answer.indexOf('\n');
        if (end < 0) return;
        const first = answer.slice(0, end);
        if (/^ok\b/.test(first)) resolve(first);
        else reject(new Error(`"${line}": ${first}`));
        socket.destroy();
      });
    });
  }
}
