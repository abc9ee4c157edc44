/**
 * What a client may send and hold at once; whatever exceeds it is refused in words. The numbers leave room for a class
 * of thirty behind one address (a school's router, a shared machine), so one client may have most of what all may have.
 */

const KIB = 1024, MIB = 1024 * KIB;

/** Longest address, path and query together, in characters. */
export const MAX_URL_LENGTH = 8 * KIB;

/** Longest text that a client may send in one message, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * KIB;
/** Largest body of `POST /predict`, in bytes. */
export const MAX_PREDICT_BYTES = 24 * MIB;

/** Most levels of nested lists and objects in JSON from outside; this lab's own has three. */
export const MAX_JSON_DEPTH = 32;
/** Most values in JSON from outside. */
export const MAX_JSON_VALUES = 10_000;

/** Most open sockets of one address. */
export const MAX_SOCKETS_PER_CLIENT = 1000;
/** Most open sockets in all. */
export const MAX_SOCKETS = 2000;

/** What one socket may send in one burst. A page sends two messages a run. */
export const SOCKET_BURST = { messages: 200, bytes: 8 * MIB };
/** What one socket may send a second for as long as it likes. */
export const SOCKET_RATE = { messages: 20, bytes: 256 * KIB };

/**
 * Most runs in all that train or wait. One address may have as many of these places as it leaves free: half of them, if it
 * is alone.
 */
export const MAX_RUNS = 128;
/** The longest that a run may be expected to take, in minutes, unless `MAX_RUN_MINUTES` says otherwise. */
export const MAX_RUN_MINUTES = 12 * 60;

/**
 * A model in another format is written on demand and lies in memory until it is sent. From this size on, in bytes, it
 * counts.
 */
export const LARGE_EXPORT_BYTES = 8 * MIB;
/** Most bytes of such exports at once. One alone always fits. */
export const MAX_EXPORT_BYTES = 1024 * MIB;
/** Longest time that such an export may take, in ms. */
export const EXPORT_DEADLINE_MS = 10 * 60_000;
