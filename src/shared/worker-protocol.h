/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* caissond and caisson-worker: the worker is spawned as "caisson-worker VERB" with standard error to the journal and
 * these descriptors: 3, the socket (SOCK_SEQPACKET); 4 and up, what the verb needs (an archive to read or write). The
 * job's parameters are the first record caissond sends: a JSON object of at most WORKER_RECORD_MAX bytes. Everything
 * else flows from worker to caissond as JSON objects, one per record:
 *   {"type":"progress","phase":"unpacking","current":N,"total":N}   at most a few per second
 *   {"type":"item","id":"sha256:…","phase":"…","current":N,"total":N}
 *   {"type":"log","priority":6,"line":"…"}
 *   {"type":"result", …}                                             once, the verb's answer; then it exits 0
 *   {"type":"error","name":"io.caisson1.Error.…","message":"one sentence"}   then it exits 1
 * A worker that exits without result or error has crashed. Killing it at any moment is safe. */
#define WORKER_RECORD_MAX 131072U
#define WORKER_FD_SOCKET  3
#define WORKER_FD_FIRST   4
