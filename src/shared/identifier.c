/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/random.h>

#include "identifier.h"
#include "text.h"

int identifier_new(char ret[static CONTAINER_ID_LENGTH + 1]) {
        uint8_t bytes[CONTAINER_ID_LENGTH / 2];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return negative_errno();

        hex_encode(ret, bytes, sizeof(bytes));
        return 0;
}

bool identifier_is_valid(const char *s) {
        return text_is_hex(s, CONTAINER_ID_LENGTH);
}

bool object_name_is_valid(const char *s) {
        size_t n = 0;

        for (; s[n]; n++)
                if (!ascii_isalnum(s[n]) && (n == 0 || !strchr("_.-", s[n])))
                        return false;

        return n > 0 && n <= OBJECT_NAME_MAX;
}

bool hostname_is_valid(const char *s) {
        size_t n = strlen(s), label = 0;

        if (n == 0 || n > 253)
                return false;

        for (size_t i = 0; i <= n; i++) {
                if (s[i] == '.' || s[i] == 0) {
                        if (label == 0 || s[i - 1] == '-')
                                return false;
                        label = 0;
                        continue;
                }
                if (!ascii_isalnum(s[i]) && s[i] != '_' && (s[i] != '-' || label == 0))
                        return false;
                if (++label > 63)
                        return false;
        }

        return true;
}

int random_name_new(unsigned attempt, char **ret) {
        static const char *const adjectives[] = {
                "amber", "ample", "bold",  "brave", "brisk", "bright", "calm",  "clear", "crisp", "deep",  "eager",
                "early", "fair",  "fast",  "firm",  "fleet", "fresh",  "gentle", "glad", "grand", "green", "hardy",
                "keen",  "kind",  "light", "lively", "lucid", "merry", "mild",  "neat",  "noble", "plain", "prime",
                "proud", "quick", "quiet", "ready", "rapid", "robust", "sharp", "silent", "sleek", "solid", "sound",
                "still", "stout", "sunny", "swift", "tidy",  "true",   "vast",  "vivid", "warm",  "wise",
        };
        static const char *const nouns[] = {
                "anchor", "arch",   "barge",  "basin",  "beacon", "bollard", "bridge", "buoy",   "canal",  "capstan",
                "causeway", "cove", "crane",  "culvert", "dam",   "delta",   "dock",   "dyke",   "estuary", "ferry",
                "fjord",  "girder", "groyne", "gully",  "harbour", "haven",  "inlet",  "isthmus", "jetty", "keel",
                "keystone", "lagoon", "levee", "lock",  "marina", "mole",    "mooring", "pier",  "pile",   "pontoon",
                "port",   "quay",   "reef",   "rudder", "sail",   "shoal",   "slipway", "sluice", "strait", "tide",
                "truss",  "vault",  "weir",   "wharf",
        };
        uint32_t words[3];
        char *name;

        if (getrandom(words, sizeof(words), 0) != sizeof(words))
                return negative_errno();

        if (attempt == 0)
                name = text_printf("%s_%s", adjectives[words[0] % ELEMENTSOF(adjectives)],
                                   nouns[words[1] % ELEMENTSOF(nouns)]);
        else
                name = text_printf("%s_%s%u", adjectives[words[0] % ELEMENTSOF(adjectives)],
                                   nouns[words[1] % ELEMENTSOF(nouns)], words[2] % 10000);
        if (!name)
                return -ENOMEM;

        *ret = name;
        return 0;
}

char *unit_name_escape_string(const char *s) {
        char *escaped, *q;

        escaped = q = malloc(strlen(s) * 4 + 1);
        if (!escaped)
                return NULL;

        for (const char *p = s; *p; p++)
                if (*p == '/')
                        *q++ = '-';
                else if (ascii_isalnum(*p) || *p == '_' || *p == ':' || (*p == '.' && p != s))
                        *q++ = *p;
                else {
                        static const char digits[] = "0123456789abcdef";

                        *q++ = '\\';
                        *q++ = 'x';
                        *q++ = digits[(uint8_t) *p >> 4];
                        *q++ = digits[(uint8_t) *p & 15];
                }

        *q = 0;
        return escaped;
}
