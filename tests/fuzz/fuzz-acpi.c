/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-acpi.c - any list of devices: a refusal with a sentence, or tables that read back as it.
 *
 * The first byte is the persistence; then 21 bytes for each device: number, and
 * in its highest bit whether the next two are multiples of 2 MiB; address; size;
 * the beginning of the volume's UUID.
 */
#include <string.h>

#include "codec/acpi_tables.h"
#include "tests/lib/acpi-read.h"

#define DEVICE_BYTES 21

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct firmware_device device(const uint8_t *at)
{
	struct firmware_device d = { .devid = at[0] & 0x7f };
	bool large = at[0] & 0x80;

	memcpy(&d.gpa, at + 1, 8);
	memcpy(&d.size, at + 9, 8);
	memcpy(d.volume.b, at + 17, 4);
	if (large) {
		d.gpa <<= 21;
		d.size = (d.size & 0xff) << 21;
		d.devid += at[1] & 0x80;
	}
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[ACPI_TABLES_MAX];
	struct acpi_seen seen;
	struct firmware fw = { .nr = 0 };
	struct nv_why why = { "" };
	size_t len = 0;
	int r;

	if (!size)
		return 0;
	fw.persistence = data[0] % (TOPO_PERSISTENCE_CPU_CACHE + 1);
	fw.nr = (size - 1) / DEVICE_BYTES;
	for (size_t i = 0; i < NV_MIN(fw.nr, (size_t)FIRMWARE_DEVICES); i++)
		fw.dev[i] = device(data + 1 + i * DEVICE_BYTES);
	r = acpi_tables(&fw, &why, buf, &len);
	if (r < 0 || (r > 0) != (why.text[0] != '\0') || (r && len))
		abort();
	if (r)
		return 0;
	acpi_read(buf, len, &seen);
	acpi_read_is(&seen, &fw);
	return 0;
}
