/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "userns-pool.h"

#define N_SLOTS ((USERNS_POOL_LAST - USERNS_POOL_FIRST) / USERNS_SLOT_SIZE + 1)

struct UsernsPool {
        bool taken[N_SLOTS];
        size_t n_taken;
        size_t next; /* where to look first */
};

UsernsPool *userns_pool_new(void) {
        return new0(UsernsPool, 1);
}

UsernsPool *userns_pool_free(UsernsPool *p) {
        return mfree(p);
}

static size_t slots_for(uint32_t size) {
        return (size + USERNS_SLOT_SIZE - 1) / USERNS_SLOT_SIZE;
}

static bool is_free(const UsernsPool *p, size_t first, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (p->taken[first + i])
                        return false;
        return true;
}

static void mark(UsernsPool *p, size_t first, size_t n, bool taken) {
        for (size_t i = 0; i < n; i++) {
                if (p->taken[first + i] != taken)
                        p->n_taken += taken ? 1 : (size_t) -1;
                p->taken[first + i] = taken;
        }
}

/* The slot of a range that we may have handed out, or -EINVAL. */
static ssize_t slot_of(uid_t base, uint32_t size) {
        size_t first;

        if (size < 1 || size > USERNS_SIZE_MAX || base < USERNS_POOL_FIRST || base > USERNS_POOL_LAST ||
            base % USERNS_SLOT_SIZE != 0)
                return -EINVAL;

        first = (base - USERNS_POOL_FIRST) / USERNS_SLOT_SIZE;
        if (first + slots_for(size) > N_SLOTS)
                return -EINVAL;
        return (ssize_t) first;
}

int userns_pool_allocate(UsernsPool *p, uint32_t size, uid_t *ret_base, Error *reterr) {
        size_t n = slots_for(size);

        if (size < 1 || size > USERNS_SIZE_MAX)
                return error_set(reterr, -EINVAL, "a user namespace cannot have %u ids", size);

        for (size_t i = 0; i < N_SLOTS; i++) {
                size_t first = (p->next + i) % N_SLOTS;

                if (first + n > N_SLOTS || !is_free(p, first, n))
                        continue;

                mark(p, first, n, true);
                p->next = (first + n) % N_SLOTS;
                *ret_base = USERNS_POOL_FIRST + (uid_t) first * USERNS_SLOT_SIZE;
                return 0;
        }

        return error_set(reterr, -ENOSPC, "all %u ranges of user ids are taken; remove containers that are not needed",
                         N_SLOTS);
}

int userns_pool_reserve(UsernsPool *p, uid_t base, uint32_t size, Error *reterr) {
        ssize_t first = slot_of(base, size);

        if (first < 0)
                return error_set(reterr, -EINVAL, "user ids from %u on, %u of them, are not a range of containers", base, size);
        if (!is_free(p, (size_t) first, slots_for(size)))
                return error_set(reterr, -EEXIST, "user ids from %u on belong to another container already", base);

        mark(p, (size_t) first, slots_for(size), true);
        p->next = ((size_t) first + slots_for(size)) % N_SLOTS;
        return 0;
}

void userns_pool_release(UsernsPool *p, uid_t base, uint32_t size) {
        ssize_t first = slot_of(base, size);

        if (first >= 0)
                mark(p, (size_t) first, slots_for(size), false);
}

size_t userns_pool_used(const UsernsPool *p) {
        return p->n_taken;
}
