/**
 * What a client may send and hold at once; beyond it is refused in words. The numbers leave room for a class of thirty behind
 * one address (a school's router, a shared machine), so those of one client are most of those of all.
 */

const KIB = 1024, MIB = 1024 * KIB;

/** Longest address, path and query together, in characters. */
export const MAX_URL_LENGTH = 8 * KIB;

/** Longest text a client may send in one message, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * KIB;
/** Largest body of `POST /predict`, in bytes. */
export const MAX_PREDICT_BYTES = 24 * MIB;

/** JSON from outside: levels of lists and objects in each other, and values in all. Ours have three levels. */
export const MAX_JSON_DEPTH = 32;
export const MAX_JSON_VALUES = 10_000;

/** Open sockets of one address, and of all. */
export const MAX_SOCKETS_PER_CLIENT = 1000;
export const MAX_SOCKETS = 2000;

/** What one socket may send: so much at once, and so much a second for as long as it likes. A page sends two messages a run. */
export const SOCKET_BURST = { messages: 200, bytes: 8 * MIB };
export const SOCKET_RATE = { messages: 20, bytes: 256 * KIB };

/** Trainings under way or waiting, of one address and of all. */
export const MAX_RUNS_PER_CLIENT = 96;
export const MAX_RUNS = 128;

/** A model that is written in another format as it is asked for lies in memory until it is sent. From this size on it counts. */
export const LARGE_EXPORT_BYTES = 8 * MIB;
/** Bytes of such exports that are made or on their way at once, and how long one may take, in ms. One fits in any case. */
export const MAX_EXPORT_BYTES = 1024 * MIB;
export const EXPORT_DEADLINE_MS = 10 * 60_000;
