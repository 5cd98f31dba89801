/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/acpi-read.c - NFIT and AML, back into what they say.
 */
#include "tests/lib/acpi-read.h"

#include <stdio.h>
#include <string.h>

#define MUST(truth)                                                        \
	do {                                                               \
		if (!(truth)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,   \
				__LINE__, #truth);                         \
			abort();                                           \
		}                                                          \
	} while (0)

static uint64_t number(const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	while (n)
		v = v << 8 | at[--n];
	return v;
}

/* The table at @bytes: whole, with a checksum that holds. Return: its length. */
static size_t table(const uint8_t *bytes, size_t len, const char *signature,
		    uint8_t revision)
{
	uint8_t sum = 0;
	size_t size, i;

	MUST(len >= 36);
	MUST(!memcmp(bytes, signature, 4));
	size = number(bytes + 4, 4);
	MUST(size >= 36 && size <= len);
	MUST(bytes[8] == revision);
	for (i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	MUST(!sum);
	return size;
}

static void read_range(const uint8_t *s, size_t len, struct acpi_seen *a)
{
	static const uint8_t pmem[] = { 0x79, 0xd3, 0xf0, 0x66, 0xf3, 0xb4,
					0x74, 0x40, 0xac, 0x43, 0x0d, 0x33,
					0x18, 0xb7, 0x8c, 0xdb };
	struct firmware_device *d = &a->fw.dev[a->fw.nr];

	MUST(len == 56 && a->fw.nr < FIRMWARE_DEVICES);
	MUST(number(s + 4, 2) == ++a->fw.nr); /* an index of its own, not 0 */
	MUST(!number(s + 6, 2));
	MUST(!memcmp(s + 16, pmem, sizeof(pmem)));
	MUST(number(s + 48, 8) == 0x8008);
	d->gpa = number(s + 32, 8);
	d->size = number(s + 40, 8);
}

static void read_map(const uint8_t *s, size_t len, struct acpi_seen *a)
{
	size_t i = number(s + 12, 2) - 1;

	MUST(len == 48 && i < a->fw.nr);
	MUST(!a->handle[i]);
	MUST(number(s + 14, 2) == i + 1); /* its control region */
	MUST(number(s + 16, 8) == a->fw.dev[i].size);
	MUST(!number(s + 24, 8) && !number(s + 32, 8));
	MUST(!number(s + 40, 2) && number(s + 42, 2) == 1);
	a->handle[i] = (uint32_t)number(s + 4, 4);
	MUST(a->handle[i]);
}

static void read_control(const uint8_t *s, size_t len, struct acpi_seen *a)
{
	size_t i = number(s + 4, 2) - 1;

	MUST(len == 80 && i < a->fw.nr);
	MUST(number(s + 28, 2) == 0x301 && !number(s + 30, 2));
	memcpy(a->serial[i], s + 24, 4);
	a->fw.dev[i].volume.b[15] = 1; /* seen */
}

static void read_capabilities(const uint8_t *s, size_t len, struct acpi_seen *a)
{
	uint64_t bits = number(s + 8, 4);

	MUST(len == 16 && s[4] == 1 && !number(s + 5, 3));
	MUST(a->fw.persistence == TOPO_PERSISTENCE_UNKNOWN);
	MUST(bits == 0 || bits == 2 || bits == 3);
	a->fw.persistence = bits == 3 ? TOPO_PERSISTENCE_CPU_CACHE :
			    bits == 2 ? TOPO_PERSISTENCE_MEM_CTRL :
					TOPO_PERSISTENCE_NONE;
}

static void read_nfit(const uint8_t *bytes, size_t len, struct acpi_seen *a)
{
	size_t at = 40, size, i;
	uint64_t type;

	MUST(len >= at && !number(bytes + 36, 4));
	for (; at < len; at += size) {
		MUST(len - at >= 4);
		size = number(bytes + at + 2, 2);
		MUST(size >= 8 && size <= len - at);
		type = number(bytes + at, 2);
		MUST(type == 0 || type == 1 || type == 4 || type == 7);
		switch (type) {
		case 0: read_range(bytes + at, size, a); break;
		case 1: read_map(bytes + at, size, a); break;
		case 4: read_control(bytes + at, size, a); break;
		case 7: read_capabilities(bytes + at, size, a); break;
		}
	}
	for (i = 0; i < a->fw.nr; i++)
		MUST(a->handle[i] && a->fw.dev[i].volume.b[15]);
}

/* AML that is read from the front. */
struct aml {
	const uint8_t *at, *end;
};

static void aml_bytes(struct aml *m, const void *bytes, size_t n)
{
	MUST((size_t)(m->end - m->at) >= n && !memcmp(m->at, bytes, n));
	m->at += n;
}

/* A package: its inside, and @m is behind it. */
static struct aml aml_package(struct aml *m)
{
	struct aml in = *m;
	size_t more, len;

	MUST(in.at < in.end);
	more = *in.at >> 6;
	MUST((size_t)(in.end - in.at) > more);
	len = more ? (size_t)(*in.at & 0xf) | number(in.at + 1, more) << 4 :
		     *in.at & 0x3fu;
	MUST(len > more && len <= (size_t)(m->end - m->at));
	in.end = in.at + len;
	in.at += 1 + more;
	m->at = in.end;
	return in;
}

static uint32_t aml_int(struct aml *m)
{
	static const size_t bytes[] = { [0x0a] = 1, [0x0b] = 2, [0x0c] = 4 };
	uint8_t op;
	uint64_t v;

	MUST(m->at < m->end);
	op = *m->at++;
	if (op <= 1)
		return op;
	MUST(op < NV_ARRAY_SIZE(bytes) && bytes[op]);
	MUST((size_t)(m->end - m->at) >= bytes[op]);
	v = number(m->at, bytes[op]);
	m->at += bytes[op];
	return (uint32_t)v;
}

static void read_ssdt(const uint8_t *bytes, size_t len, struct acpi_seen *a)
{
	struct aml m = { bytes + 36, bytes + len }, root, child;
	char name[8];

	aml_bytes(&m, "\x10", 1);
	root = aml_package(&m);
	MUST(m.at == m.end);
	aml_bytes(&root, "\\_SB_\x5b\x82", 7);
	m = root;
	root = aml_package(&m);
	MUST(m.at == m.end);
	aml_bytes(&root, "NVDR\x08_HID\x0d" "ACPI0012", 19);
	while (root.at < root.end) {
		MUST(a->nr_adr < FIRMWARE_DEVICES);
		aml_bytes(&root, "\x5b\x82", 2);
		child = aml_package(&root);
		MUST(child.end - child.at > 9);
		m = child;
		child.at += 4;
		aml_bytes(&child, "\x08_ADR", 5);
		a->adr[a->nr_adr] = aml_int(&child);
		MUST(child.at == child.end);
		/* The name is the number, so that none is there twice. */
		snprintf(name, sizeof(name), "NV%02X",
			 (a->adr[a->nr_adr] - 1) & 0xff);
		aml_bytes(&m, name, 4);
		a->nr_adr++;
	}
}

void acpi_read(const uint8_t *bytes, size_t len, struct acpi_seen *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->nfit_len = table(bytes, len, "NFIT", 1);
	read_nfit(bytes, ret->nfit_len, ret);
	bytes += ret->nfit_len;
	len -= ret->nfit_len;
	MUST(table(bytes, len, "SSDT", 2) == len);
	read_ssdt(bytes, len, ret);
}

void acpi_read_is(const struct acpi_seen *seen, const struct firmware *fw)
{
	size_t i;

	MUST(seen->fw.nr == fw->nr && seen->nr_adr == fw->nr);
	MUST(seen->fw.persistence == fw->persistence);
	for (i = 0; i < fw->nr; i++) {
		MUST(seen->fw.dev[i].gpa == fw->dev[i].gpa);
		MUST(seen->fw.dev[i].size == fw->dev[i].size);
		MUST(seen->handle[i] == fw->dev[i].devid + 1);
		MUST(seen->adr[i] == seen->handle[i]);
		MUST(!memcmp(seen->serial[i], fw->dev[i].volume.b, 4));
	}
}
