/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/acpi_nfit.c - the NVDIMM Firmware Interface Table (ACPI 6.4, 5.2.25).
 *
 * For each device a range of addresses, a DIMM, and that all of the range is
 * all of the DIMM: no interleaving, no block windows, no labels. Linux makes a
 * region of it, namespaceN.0 over all of that, and /dev/pmemN.
 */
#include "codec/acpi_int.h"

/* 5.2.25, table 5.131: the structures' types, and their lengths. */
enum {
	NFIT_RANGE = 0,
	NFIT_RANGE_LENGTH = 56,
	NFIT_MAP = 1,
	NFIT_MAP_LENGTH = 48,
	NFIT_CONTROL = 4,
	NFIT_CONTROL_LENGTH = 80,
	NFIT_CAPABILITIES = 7,
	NFIT_CAPABILITIES_LENGTH = 16,
};

/* 66f0d379-b4f3-4074-ac43-0d3318b78cdb, "byte addressable persistent memory". */
static const uint8_t guid_pmem[16] = {
	0x79, 0xd3, 0xf0, 0x66, 0xf3, 0xb4, 0x74, 0x40,
	0xac, 0x43, 0x0d, 0x33, 0x18, 0xb7, 0x8c, 0xdb,
};

/* EFI_MEMORY_WB and EFI_MEMORY_NV (UEFI 2.8, 7.2). */
#define NFIT_ATTRIBUTES 0x8008

/* JEDEC JEP106 has no code for Xen: this one, the PCI vendor "XS", is in no bank. */
static const uint8_t vendor[2] = { 0x58, 0x53 };

/* A byte-addressable DIMM whose cells need no battery (NFIT_FIC_BYTEN in Linux). */
#define NFIT_FORMAT_BYTE 0x301

static void put_range(struct acpi_writer *w, const struct firmware_device *d,
		      uint16_t index)
{
	acpi_put_int(w, NFIT_RANGE, 2);
	acpi_put_int(w, NFIT_RANGE_LENGTH, 2);
	acpi_put_int(w, index, 2);
	acpi_put_int(w, 0, 2); /* flags: no proximity domain is told */
	acpi_put_int(w, 0, 4);
	acpi_put_int(w, 0, 4);
	acpi_put(w, guid_pmem, sizeof(guid_pmem));
	acpi_put_int(w, d->gpa, 8);
	acpi_put_int(w, d->size, 8);
	acpi_put_int(w, NFIT_ATTRIBUTES, 8);
}

static void put_map(struct acpi_writer *w, const struct firmware_device *d,
		    uint16_t index)
{
	acpi_put_int(w, NFIT_MAP, 2);
	acpi_put_int(w, NFIT_MAP_LENGTH, 2);
	acpi_put_int(w, acpi_handle(d->devid), 4);
	acpi_put_int(w, d->devid, 2); /* physical id: no SMBIOS entry has it */
	acpi_put_int(w, 0, 2);        /* the DIMM's only region */
	acpi_put_int(w, index, 2);    /* of the range */
	acpi_put_int(w, index, 2);    /* of the control region */
	acpi_put_int(w, d->size, 8);
	acpi_put_int(w, 0, 8);        /* offset in the range */
	acpi_put_int(w, 0, 8);        /* offset in the DIMM */
	acpi_put_int(w, 0, 2);        /* no interleave structure */
	acpi_put_int(w, 1, 2);        /* one way */
	acpi_put_int(w, 0, 2);        /* state: healthy */
	acpi_put_int(w, 0, 2);
}

/*
 * With all fields, though those behind the count of block windows mean nothing
 * when it is 0: iasl takes the shorter form for a table that was cut off.
 */
static void put_control(struct acpi_writer *w, const struct firmware_device *d,
			uint16_t index)
{
	size_t end = w->len + NFIT_CONTROL_LENGTH;

	acpi_put_int(w, NFIT_CONTROL, 2);
	acpi_put_int(w, NFIT_CONTROL_LENGTH, 2);
	acpi_put_int(w, index, 2);
	acpi_put(w, vendor, sizeof(vendor));
	acpi_put_int(w, 1, 2); /* device */
	acpi_put_int(w, 1, 2); /* revision */
	acpi_put(w, vendor, sizeof(vendor)); /* the subsystem's, and the same */
	acpi_put_int(w, 1, 2);
	acpi_put_int(w, 1, 2);
	acpi_put_int(w, 0, 6); /* nothing is told of where and when it was made */
	/* As the UUID is read: Linux shows 5853-3f0e7a52. */
	acpi_put(w, d->volume.b, 4);
	acpi_put_int(w, NFIT_FORMAT_BYTE, 2);
	acpi_put_int(w, 0, 2); /* block windows */
	while (w->len < end)
		acpi_put_int(w, 0, 1);
}

static void put_capabilities(struct acpi_writer *w, enum topo_persistence p)
{
	/* Flushed on power loss: bit 0 the CPU's caches, bit 1 the memory controller. */
	static const uint8_t flushed[] = {
		[TOPO_PERSISTENCE_NONE] = 0,
		[TOPO_PERSISTENCE_MEM_CTRL] = 2,
		[TOPO_PERSISTENCE_CPU_CACHE] = 3,
	};

	if (p < TOPO_PERSISTENCE_NONE || p > TOPO_PERSISTENCE_CPU_CACHE)
		return;
	acpi_put_int(w, NFIT_CAPABILITIES, 2);
	acpi_put_int(w, NFIT_CAPABILITIES_LENGTH, 2);
	acpi_put_int(w, 1, 1); /* the highest bit that means something */
	acpi_put_int(w, 0, 3);
	acpi_put_int(w, flushed[p], 4);
	acpi_put_int(w, 0, 4);
}

void acpi_nfit(struct acpi_writer *w, const struct firmware *fw)
{
	size_t start = acpi_table_begin(w, "NFIT", 1);
	uint16_t i;

	acpi_put_int(w, 0, 4);
	for (i = 0; i < fw->nr; i++)
		put_range(w, &fw->dev[i], (uint16_t)(i + 1));
	for (i = 0; i < fw->nr; i++)
		put_map(w, &fw->dev[i], (uint16_t)(i + 1));
	for (i = 0; i < fw->nr; i++)
		put_control(w, &fw->dev[i], (uint16_t)(i + 1));
	put_capabilities(w, fw->persistence);
	acpi_table_end(w, start);
}
