// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace apical::tools {

/// A self-contained page in the style of the experiments; `title` is text, `body` HTML.
std::string page(const std::string& title, const std::string& body);
/// An SVG file as an image that brings its own data, with a caption.
std::string figure_html(const std::string& svg, const std::string& caption);

/// All of a file that a page shows. Throws InputError where it can't be read.
std::string file_content(const std::filesystem::path&);

}  // namespace apical::tools
