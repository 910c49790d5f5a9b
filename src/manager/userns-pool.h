/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "shared/error.h"

/* Ranges of user and group ids for containers, in slots of 65536 of which none is ever somebody else's too. The pool
 * lives in memory; what keeps a range across a restart is the container's record, from which caissond reserves it
 * again before it hands out new ones. Slots are handed out in a circle, so that what a removed container may have left
 * on a file system does not belong to the next one. */

#define USERNS_SLOT_SIZE 65536U
#define USERNS_POOL_FIRST 0x40000000U
#define USERNS_POOL_LAST  0x6FFF0000U /* the base of the last slot */
#define USERNS_SIZE_MAX   (16U * USERNS_SLOT_SIZE)

typedef struct UsernsPool UsernsPool;

UsernsPool *userns_pool_new(void);
UsernsPool *userns_pool_free(UsernsPool *p);
DEFINE_TRIVIAL_CLEANUP_FUNC(UsernsPool *, userns_pool_free)

/* size: 1 to USERNS_SIZE_MAX ids; rounded up to slots. -ENOSPC: none is free. */
int userns_pool_allocate(UsernsPool *p, uint32_t size, uid_t *ret_base, Error *reterr);
/* One that a record names: -EINVAL if it cannot be from us, -EEXIST if it is taken. */
int userns_pool_reserve(UsernsPool *p, uid_t base, uint32_t size, Error *reterr);
void userns_pool_release(UsernsPool *p, uid_t base, uint32_t size);

size_t userns_pool_used(const UsernsPool *p); /* slots */
