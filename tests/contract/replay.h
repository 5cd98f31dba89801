/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/contract/replay.h - a recorded sysfs in place of this machine's.
 *
 * umockdev's preloaded library sends every path below /sys and /dev to a
 * directory, so the real libndctl reads the recording.
 */
#ifndef NV_TESTS_CONTRACT_REPLAY_H
#define NV_TESTS_CONTRACT_REPLAY_H

#include <umockdev.h>

#include "core/topo.h"

/* First thing in main(): start again below umockdev-wrapper if need be. */
void replay_main(char **argv);

/* The recording @name of tests/contract/data, in place of /sys and /dev. */
UMockdevTestbed *replay_open(const char *name);

/* Give an attribute of a device another text; @dev is below the bus. */
void replay_write(UMockdevTestbed *bed, const char *dev, const char *attr,
                  const char *text);

/* The same by the file's path; glib's own function would wait for the disk. */
void replay_put(const char *path, const char *text, size_t len);

/* Take an attribute away. */
void replay_remove(UMockdevTestbed *bed, const char *dev, const char *attr);

/* What the real adapter makes of @bed. */
struct topo *replay_load(UMockdevTestbed *bed);

/* The same without looking for users, which takes longer than all the rest. */
struct topo *replay_read(UMockdevTestbed *bed);

/* The namespace or region of that name, or NULL. */
const struct topo_ns *replay_ns(const struct topo *t, const char *name);
const struct topo_region *replay_region(const struct topo *t, const char *name);

/* replay_says() - is there a problem with both texts in it? */
bool replay_says(const struct topo *t, const char *a, const char *b);

#endif
