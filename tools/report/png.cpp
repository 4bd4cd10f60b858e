// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tools/report/svg.hpp"

namespace apical::tools {
namespace {

void put32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 255);
}

// One chunk of a PNG file: length, type, data, CRC over type and data.
void chunk(std::string& out, const std::string& type, const std::string& data) {
  put32(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  put32(out, static_cast<std::uint32_t>(
                 crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}

// 8-bit RGB rows, each behind a filter byte of 0.
std::string png(int wide, int high, const std::string& rows) {
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
                static_cast<uLong>(rows.size()), 9) != Z_OK)
    throw std::runtime_error("zlib can't compress an image");
  packed.resize(size);
  std::string header;
  put32(header, static_cast<std::uint32_t>(wide));
  put32(header, static_cast<std::uint32_t>(high));
  header += std::string("\x08\x02\x00\x00\x00", 5);
  std::string file = "\x89PNG\r\n\x1a\n";
  chunk(file, "IHDR", header);
  chunk(file, "IDAT", packed);
  chunk(file, "IEND", "");
  return file;
}

std::string base64(const std::string& bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? letters[(group >> (18 - 6 * j)) & 63] : '=';
  }
  return text;
}

}  // namespace

ImageUri image_uri(const std::vector<std::vector<double>>& images, int rows, int columns, int per_line) {
  const int lines = (static_cast<int>(images.size()) + per_line - 1) / per_line;
  const int wide = per_line * (columns + 1) - 1;
  const int high = lines * (rows + 1) - 1;
  std::string pixels;
  for (int y = 0; y < high; ++y) {
    pixels += '\0';
    for (int x = 0; x < wide; ++x) {
      const int place = y / (rows + 1) * per_line + x / (columns + 1);
      const auto which = static_cast<std::size_t>(place);
      const int row = y % (rows + 1);
      const int column = x % (columns + 1);
      const int offset = row * columns + column;
      const auto pixel = static_cast<std::size_t>(offset);
      double value = 0.0;
      if (which < images.size() && row < rows && column < columns) {
        const auto& image = images[which];
        double largest = 0.0;  // an image with a value that isn't finite stays blank
        for (const double v : image) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : HUGE_VAL;
        if (largest > 0.0 && std::isfinite(largest)) value = image[pixel] / largest;
      }
      const auto fade = [&](double by) {
        return static_cast<char>(static_cast<unsigned char>(std::lround(255.0 * (1.0 - by))));
      };
      pixels += fade(std::max(0.0, -value));  // red falls where negative
      pixels += fade(0.8 * std::abs(value));
      pixels += fade(std::max(0.0, value));  // blue falls where positive
    }
  }
  return {"data:image/png;base64," + base64(png(wide, high, pixels)), wide, high};
}

std::string image_grid(const std::vector<std::vector<double>>& images, int rows, int columns, int per_line,
                       int zoom, const std::string& caption) {
  const ImageUri image = image_uri(images, rows, columns, per_line);
  return fmt::format(
      "<figure><img alt=\"{0}\" style=\"width:{1}px\" src=\"{2}\"><figcaption>{0}</figcaption></figure>",
      escaped(caption), image.wide * zoom, image.uri);
}

}  // namespace apical::tools
