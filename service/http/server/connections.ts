import { CONNECTION_SHARE, MAX_CONNECTIONS } from "../../../protocol/mod.ts";
import type { Connection } from "./connection.ts";

/** How many connections may be open. */
export interface ConnectionLimits {
  perClient: number;
  inAll: number;
}

/**
 * Descriptors that a process needs for files, threads and databases, and the share of the rest that connections may
 * use.
 */
const RESERVED_DESCRIPTORS = 64, DESCRIPTOR_SHARE = 0.75;
/** The minimum to which the limit falls when descriptors run out. */
const MIN_CONNECTIONS = 8;

/**
 * Limits for one of `threads` threads that serve the same address: well below the number of descriptors that the system
 * grants, if that can be read.
 */
export function connectionLimits(threads = 1): ConnectionLimits {
  const descriptors = descriptorLimit() ?? Infinity;
  const forConnections = Math.floor((descriptors - RESERVED_DESCRIPTORS) * DESCRIPTOR_SHARE);
  return limitsOf(Math.max(MIN_CONNECTIONS, Math.floor(Math.min(MAX_CONNECTIONS, forConnections) / threads)));
}

function limitsOf(inAll: number): ConnectionLimits {
  return { inAll, perClient: Math.ceil(inAll * CONNECTION_SHARE) };
}

/** The soft limit of open files, if the system reports it and the permissions allow. */
function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * The open connections of a server: limited per address and in all. A new connection replaces the one that has been
 * idle longest, preferably one of the same address; if none is idle, it is refused. Overdue connections are closed.
 */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #perClient = new Map<string, number>();
  readonly #shared: ReadonlySet<string>;
  #limits: ConnectionLimits;

  /** @param shared addresses of proxies, whose connections belong to many clients and are limited in all only */
  constructor(limits: ConnectionLimits, shared: ReadonlySet<string> = new Set()) {
    this.#limits = limits;
    this.#shared = shared;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The limits in force. */
  get limits(): ConnectionLimits {
    return this.#limits;
  }

  /** Admits a connection; returns false if there is no room for it. */
  admit(connection: Connection): boolean {
    const { address, peer } = connection, { perClient, inAll } = this.#limits;
    const most = this.#shared.has(address) ? inAll : perClient;
    if (this.#count(peer) >= most && !this.#evict((other) => other.peer === peer)) return false;
    if (this.#open.size >= inAll && !this.#evictOfLargest()) return false;
    this.#open.add(connection);
    this.#perClient.set(peer, this.#count(peer) + 1);
    return true;
  }

  /** Closes a connection and forgets it. */
  drop(connection: Connection): void {
    connection.close();
    if (!this.#open.delete(connection)) return;
    const { peer } = connection, rest = this.#count(peer) - 1;
    if (rest === 0) this.#perClient.delete(peer);
    else this.#perClient.set(peer, rest);
  }

  /** Closes the connections whose time is over. */
  cutOverdue(now = performance.now()): void {
    for (const connection of this.#open) {
      if (connection.isOverdue(now)) this.drop(connection);
    }
  }

  /** Closes idle connections, on which nobody waits for an answer. */
  dropIdle(): void {
    for (const connection of this.#open) {
      if (connection.isIdle) this.drop(connection);
    }
  }

  /** Closes all connections. */
  dropAll(): void {
    for (const connection of this.#open) this.drop(connection);
  }

  /** Call when the system has no more descriptors: lowers the limit and closes idle connections to make room. */
  shrink(): void {
    const inAll = Math.max(MIN_CONNECTIONS, Math.floor(this.#open.size * DESCRIPTOR_SHARE));
    if (inAll < this.#limits.inAll) this.#limits = limitsOf(inAll);
    while (this.#open.size > this.#limits.inAll && this.#evictOfLargest());
  }

  #count(peer: string): number {
    return this.#perClient.get(peer) ?? 0;
  }

  /** Makes room at the cost of the peer that has most, where one of its connections is idle. */
  #evictOfLargest(): boolean {
    let largest = "", most = 0;
    for (const [peer, count] of this.#perClient) if (count > most) largest = peer, most = count;
    return this.#evict(({ peer }) => peer === largest) || this.#evict(() => true);
  }

  #evict(isCandidate: (connection: Connection) => boolean): boolean {
    let longest: Connection | undefined;
    for (const connection of this.#open) {
      if (!connection.isIdle || !isCandidate(connection)) continue;
      if (longest === undefined || connection.idleSince < longest.idleSince) longest = connection;
    }
    if (longest !== undefined) this.drop(longest);
    return longest !== undefined;
  }
}
