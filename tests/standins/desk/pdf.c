#include "tests/standins/desk/pdf.h"

uint64_t sandbox_draw(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A stream object that no page uses: bytes that cannot be compressed away, as a scan has them. */
static bool append_scan(struct buffer *file, size_t size_bytes, uint64_t seed)
{
    if (!buffer_append_format(file, "5 0 obj\n<< /Length %zu >>\nstream\n", size_bytes))
        return false;
    uint8_t *room = buffer_extend(file, size_bytes);
    if (room == NULL)
        return false;
    for (size_t i = 0; i < size_bytes; i += 8) {
        uint64_t drawn = sandbox_draw(&seed);
        for (size_t j = 0; j < 8 && i + j < size_bytes; j++)
            room[i + j] = (uint8_t)(drawn >> (8 * j));
    }
    return buffer_append_text(file, "\nendstream\nendobj\n");
}

bool pdf_make(struct buffer *ret_file, const char *title, size_t size_bytes, uint64_t seed)
{
    enum { OBJECTS = 6, FIXED_BYTES = 900 };
    size_t offsets[OBJECTS] = {0};
    size_t start = ret_file->size;
    size_t scan = size_bytes > FIXED_BYTES ? size_bytes - FIXED_BYTES : 0;
    char content[256];
    struct buffer text;
    buffer_init(&text, sizeof content);
    bool made = buffer_append_format(&text, "BT /F1 18 Tf 72 720 Td (%.100s) Tj ET", title) &&
                buffer_append_text(ret_file, "%PDF-1.4\n");
    offsets[1] = ret_file->size - start;
    made = made &&
           buffer_append_text(ret_file, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    offsets[2] = ret_file->size - start;
    made = made && buffer_append_text(
                       ret_file, "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
    offsets[3] = ret_file->size - start;
    made = made && buffer_append_text(
                       ret_file, "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                                 "/Contents 4 0 R /Resources << /Font << /F1 << /Type /Font "
                                 "/Subtype /Type1 /BaseFont /Helvetica >> >> >> >>\nendobj\n");
    offsets[4] = ret_file->size - start;
    made = made &&
           buffer_append_format(ret_file, "4 0 obj\n<< /Length %zu >>\nstream\n", text.size) &&
           buffer_append(ret_file, buffer_view(&text)) &&
           buffer_append_text(ret_file, "\nendstream\nendobj\n");
    offsets[5] = ret_file->size - start;
    made = made && append_scan(ret_file, scan, seed);
    size_t table = ret_file->size - start;
    made = made && buffer_append_text(ret_file, "xref\n0 6\n0000000000 65535 f \n");
    for (int i = 1; i < OBJECTS; i++)
        made = made && buffer_append_format(ret_file, "%010zu 00000 n \n", offsets[i]);
    made = made &&
           buffer_append_format(
               ret_file, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
    buffer_release(&text);
    return made;
}
