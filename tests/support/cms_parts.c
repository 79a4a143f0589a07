#include "tests/support/cms_parts.h"

#include <string.h>

#include "proto/seal/der.h"

#define CONTENT_TYPE    "2a864886f70d010903"
#define MESSAGE_DIGEST  "2a864886f70d010904"
#define SIGNING_TIME    "2a864886f70d010905"
#define COUNTER         "2a864886f70d010906"
#define RECEIPT_REQUEST "2a864886f70d0109100201"
#define CERTIFICATE_V1  "2a864886f70d010910020c"
#define CERTIFICATE_V2  "2a864886f70d010910022f"
#define PROTECTION      "2a864886f70d010934"
#define CAPABILITIES    "2a864886f70d01090f"
#define PRIVATE         "2b06010401868d1f01"
#define DIGEST_A        "0420aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA1_A          "0414aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct cms_part attributes[] = {
    {"signing-time", SIGNING_TIME, "170d3236313030383032333030305a"},
    {"31 February", SIGNING_TIME, "170d3236303233313032333030305a"},
    {"29 February of a common year", SIGNING_TIME, "170d3237303232393032333030305a"},
    {"29 February of a leap year", SIGNING_TIME, "170d3238303232393032333030305a"},
    {"1950", SIGNING_TIME, "170d3530303130313030303030305a"},
    {"1999", SIGNING_TIME, "170d3939313233313233353935395a"},
    {"2000", SIGNING_TIME, "170d3030303130313030303030305a"},
    {"2049 as YYYY", SIGNING_TIME, "180f32303439303130313030303030305a"},
    {"2050", SIGNING_TIME, "180f32303530303130313030303030305a"},
    {"2099", SIGNING_TIME, "180f32303939313233313233353935395a"},
    {"2100", SIGNING_TIME, "180f32313030303130313030303030305a"},
    {"month 13", SIGNING_TIME, "170d3236313330313032333030305a"},
    {"24:00", SIGNING_TIME, "170d3236313030383234303030305a"},
    {"second 60", SIGNING_TIME, "170d3236313030383032333036305a"},
    {"no seconds", SIGNING_TIME, "170b323631303038303233305a"},
    {"an offset", SIGNING_TIME, "17113236313030383032333030302b30373030"},
    {"fractions", SIGNING_TIME, "181132303530303130313030303030302e355a"},
    {"a text as time", SIGNING_TIME, "0c03616263"},
    {"an empty time", SIGNING_TIME, "1700"},
    {"two times", SIGNING_TIME, "170d3236313030383032333030305a170d3236313030383032333030315a"},
    {"no time", SIGNING_TIME, ""},
    {"content-type", CONTENT_TYPE, "06092a864886f70d010701"},
    {"content-type of something else", CONTENT_TYPE, "06092a864886f70d010702"},
    {"content-type as text", CONTENT_TYPE, "0c03616263"},
    {"message-digest", MESSAGE_DIGEST, DIGEST_A},
    {"a short message-digest", MESSAGE_DIGEST, "0401aa"},
    {"counter-signature without value", COUNTER, ""},
    {"counter-signature", COUNTER, "3003020101"},
    {"receipt-request", RECEIPT_REQUEST, "300b0403616263800100300130"},
    {"receipt-request, sound", RECEIPT_REQUEST, "30090403616263800100a100"},
    {"two receipt-requests", RECEIPT_REQUEST,
     "3003020101"
     "3003020102"},
    {"signing-certificate of nobody", CERTIFICATE_V1, "301a30183016" SHA1_A},
    {"signing-certificate twice", CERTIFICATE_V1, "301a30183016" SHA1_A "301a30183016" SHA1_A},
    {"signing-certificate that is none", CERTIFICATE_V1, "020101"},
    {"signing-certificate-v2 of nobody", CERTIFICATE_V2, "3026302430220420" DIGEST_A},
    {"signing-certificate-v2, other", CERTIFICATE_V2, "302630243022" DIGEST_A},
    {"signing-certificate-v2 of two", CERTIFICATE_V2, "304a30483022" DIGEST_A "3022" DIGEST_A},
    {"signing-certificate-v2 that is none", CERTIFICATE_V2, "0500"},
    {"algorithm protection", PROTECTION, "3019300b0609608648016503040201a10a06082a8648ce3d040302"},
    {"capabilities", CAPABILITIES, "300f300d06096086480165030401020500"},
    {"a number", PRIVATE, "020101"},
    {"two numbers", PRIVATE, "020101020102"},
    {"two numbers out of order", PRIVATE, "020102020101"},
    {"one number twice", PRIVATE, "020101020101"},
    {"a padded number", PRIVATE, "02020001"},
    {"an empty number", PRIVATE, "0200"},
    {"true", PRIVATE, "0101ff"},
    {"another true", PRIVATE, "010101"},
    {"bits", PRIVATE, "030205a0"},
    {"stray bits", PRIVATE, "030205ff"},
    {"nine unused bits", PRIVATE, "030209ff"},
    {"no bits", PRIVATE, "0300"},
    {"octets", PRIVATE, "0403616263"},
    {"octets in pieces", PRIVATE,
     "2407040161040262"
     "63"},
    {"octets in pieces without end", PRIVATE,
     "24800401610402626"
     "30000"},
    {"nothing", PRIVATE, "0500"},
    {"a long nothing", PRIVATE, "050100"},
    {"an object", PRIVATE, "06032a0304"},
    {"an object that does not end", PRIVATE, "06032a0384"},
    {"a padded object", PRIVATE, "06032a8004"},
    {"an empty object", PRIVATE, "0600"},
    {"texts", PRIVATE, "0c03616263130361626316036162631a03616263"},
    {"broken UTF-8", PRIVATE, "0c02c328"},
    {"half a BMP character", PRIVATE, "1e03006100"},
    {"a BMP text", PRIVATE, "1e020061"},
    {"part of a universal text", PRIVATE, "1c03000061"},
    {"a real number", PRIVATE, "0903800001"},
    {"an external", PRIVATE, "280506032a0304"},
    {"an enumeration", PRIVATE, "0a0101"},
    {"a sequence", PRIVATE, "3006020101020102"},
    {"a sequence with a long length", PRIVATE, "308103020101"},
    {"a sequence with a padded length", PRIVATE, "30820003020101"},
    {"a sequence without end", PRIVATE, "30800201010000"},
    {"a sequence of garbage", PRIVATE, "3003ffffff"},
    {"a sequence that holds a long length", PRIVATE, "300402810101"},
    {"a sequence that holds another true", PRIVATE, "3003010101"},
    {"a set out of order", PRIVATE, "3106020102020101"},
    {"a primitive sequence", PRIVATE, "1003020101"},
    {"a tagged value", PRIVATE, "800161"},
    {"a tagged structure", PRIVATE, "a103020101"},
    {"a tagged garbage", PRIVATE, "a103ffffff"},
    {"a far tag", PRIVATE, "9f2a0161"},
    {"a far tag, padded", PRIVATE, "9f802a0161"},
    {"end of contents", PRIVATE, "0000"},
    {"no value", PRIVATE, ""},
    {"deep", PRIVATE,
     "303a30383036303430323030302e302c302a30283026302430223020301e"
     "301c301a30183016301430123010300e300c300a30083006300430023000"},
    {"less deep", PRIVATE,
     "3026302430223020301e301c301a30183016301430123010300e300c300a30083006300430023000"},
    {"an empty type", "", "020101"},
    {"a type that does not end", "2a0384", "020101"},
};

static const struct cms_part algorithms[] = {
    {"SHA-256", NULL, "300b0609608648016503040201"},
    {"SHA-256, NULL", NULL, "300d06096086480165030402010500"},
    {"SHA-256, a long NULL", NULL, "300e0609608648016503040201058100"},
    {"SHA-256, a number", NULL, "300e0609608648016503040201020101"},
    {"SHA-384", NULL, "300b0609608648016503040202"},
    {"SHA-512", NULL, "300b0609608648016503040203"},
    {"SHA-224", NULL, "300b0609608648016503040204"},
    {"SHA3-256", NULL, "300b0609608648016503040208"},
    {"SHA-1", NULL, "300906052b0e03021a0500"},
    {"MD5", NULL, "300c06082a864886f70d02050500"},
    {"rsaEncryption", NULL, "300d06092a864886f70d0101010500"},
    {"rsaEncryption, absent", NULL, "300b06092a864886f70d010101"},
    {"RSA with SHA-256", NULL, "300d06092a864886f70d01010b0500"},
    {"RSA with SHA-384", NULL, "300d06092a864886f70d01010c0500"},
    {"RSA with SHA-224", NULL, "300d06092a864886f70d01010e0500"},
    {"RSA with SHA-1", NULL, "300d06092a864886f70d0101050500"},
    {"RSA with MD5", NULL, "300d06092a864886f70d0101040500"},
    {"PSS without parameters", NULL, "300b06092a864886f70d01010a"},
    {"PSS by default", NULL, "300d06092a864886f70d01010a3000"},
    {"PSS", NULL,
     "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d01010"
     "8"
     "300d06096086480165030402010500a203020120"},
    {"PSS, absent", NULL,
     "303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d010108"
     "300b0609608648016503040201a203020120"},
    {"PSS, salt of 20", NULL,
     "303c06092a864886f70d01010a302fa00f300d06096086480165030402010500a11c301a06092a864886f70d01010"
     "8"
     "300d06096086480165030402010500"},
    {"PSS, trailer", NULL,
     "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d01010"
     "8"
     "300d06096086480165030402010500a203020120a303020101"},
    {"PSS, mask of SHA-384", NULL,
     "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d01010"
     "8"
     "300d06096086480165030402020500a203020120"},
    {"ECDSA with SHA-256", NULL, "300a06082a8648ce3d040302"},
    {"ECDSA with SHA-256, NULL", NULL, "300c06082a8648ce3d0403020500"},
    {"ECDSA with SHA-384", NULL, "300a06082a8648ce3d040303"},
    {"ECDSA with SHA-224", NULL, "300a06082a8648ce3d040301"},
    {"ECDSA with SHA-1", NULL, "300906072a8648ce3d0401"},
    {"an EC key", NULL, "300906072a8648ce3d0201"},
    {"Ed25519", NULL, "300506032b6570"},
    {"DSA with SHA-256", NULL, "300b0609608648016503040302"},
    {"nobody's", NULL, "300806062b0601040163"},
};

size_t cms_attribute_count(void)
{
    return sizeof attributes / sizeof *attributes;
}

const struct cms_part *cms_attribute(size_t index)
{
    return &attributes[index];
}

size_t cms_algorithm_count(void)
{
    return sizeof algorithms / sizeof *algorithms;
}

const struct cms_part *cms_algorithm(size_t index)
{
    return &algorithms[index];
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static struct bytes read_hex(const char *text, uint8_t *memory)
{
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++)
        memory[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return (struct bytes){memory, size};
}

size_t cms_part_write(const struct cms_part *part, uint8_t *ret_bytes)
{
    uint8_t values[CMS_PART_BYTES_MAX];
    uint8_t type[CMS_PART_BYTES_MAX];
    uint8_t memory[CMS_PART_BYTES_MAX];
    struct der_writer writer;
    der_writer_init(&writer, memory, sizeof memory);
    const uint8_t *end = der_mark(&writer);
    der_write(&writer, read_hex(part->values, values));
    if (part->type != NULL) {
        der_wrap(&writer, DER_SET, end);
        der_write_element(&writer, DER_OBJECT, read_hex(part->type, type));
        der_wrap(&writer, DER_SEQUENCE, end);
    }
    struct bytes written = der_written(&writer);
    if (written.size > 0)
        memcpy(ret_bytes, written.data, written.size);
    return written.size;
}
