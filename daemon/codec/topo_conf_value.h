/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/topo_conf_value.h - what the values of the topology file look like;
 * private to topo_conf.
 */
#ifndef NV_CODEC_TOPO_CONF_VALUE_H
#define NV_CODEC_TOPO_CONF_VALUE_H

#include "core/topo.h"

/* Each: 0 and its results, or -EINVAL. */

/** topo_flag_parse() - "true", "false" */
int topo_flag_parse(const char *text, bool *ret);

/** topo_bad_parse() - "OFFSET" (one frame) or "OFFSET+SIZE" */
int topo_bad_parse(const char *text, uint64_t *ret_offset, uint64_t *ret_size);

/** topo_user_parse() - "mount /srv", "opener dd 4711" */
int topo_user_parse(const char *text, enum topo_use *ret_use, char *ret_name,
		    size_t size, int *ret_pid);

/** topo_health_parse() - one flag */
int topo_health_parse(const char *text, uint32_t *ret);

/**
 * topo_conf_wrong() - is @text a value for @key in a @section?
 * Return: NULL, or what it must be, to follow "must be".
 */
const char *topo_conf_wrong(const char *section, const char *key,
			    const char *text);

/** topo_conf_wrong_name() - the same for a section's name */
const char *topo_conf_wrong_name(const char *name);

#endif
