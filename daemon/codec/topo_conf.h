/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/topo_conf.h - a host's persistent memory, described in a file.
 *
 * For nvdimm-sim and for nvdimmd on a simulated host, which read the same file
 * and so agree on every address. The syntax is libconfuse's:
 *
 *	region "region0" {
 *		spa = "0x140000000"
 *		size = "256 MiB"
 *		numa_node = "0"
 *		persistence = "memory_controller"
 *		bad = { "0x7000", "1MiB+8KiB" }
 *		dimm "nmem0" {
 *			id = "8680-56341200"
 *			health = { "critical" }
 *		}
 *		namespace "namespace0.0" {
 *			uuid = "5f3e1d2c-0b1a-4c5d-8e9f-112233445566"
 *			size = "128 MiB"
 *		}
 *	}
 *
 * Every value is a string; nvdimm-sim(1) lists all keys with their defaults.
 */
#ifndef NV_CODEC_TOPO_CONF_H
#define NV_CODEC_TOPO_CONF_H

#include "core/topo.h"

/* Enough for a million bad ranges. */
#define TOPO_CONF_MAX_BYTES (64u << 20)

/**
 * topo_conf_parse() - read the @len bytes of a topology file
 * @name: of the file, for the sentence
 * Stricter than topo_finish(): what that would leave out is refused here.
 * One thread at a time: libconfuse's lexer is not made for more.
 * Return: 0 and *@ret, finished, owned by the caller; NV_E_BAD_CONFIG with
 * "FILE:LINE: what is wrong"; -ENOMEM.
 */
int topo_conf_parse(const char *name, const char *text, size_t len,
		    struct topo **ret, struct nv_why *why) nv_must_check;

#endif
