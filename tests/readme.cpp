// SPDX-License-Identifier: BSD-3-Clause

// The C++ of README.md and examples/README.md is in the examples, word for word, and those are
// compiled and run.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace readme_test
{
namespace
{
std::string read(const std::filesystem::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// Without spaces and line breaks: indentation differs.
std::string bare(std::string text)
{
    text.erase(std::remove_if(text.begin(), text.end(),
                              [](unsigned char c) { return std::isspace(c) != 0; }),
               text.end());
    return text;
}

std::vector<std::string> code_blocks(const std::string& markdown)
{
    const std::string begin = "```cpp\n", end = "```";
    std::vector<std::string> blocks;
    for (auto at = markdown.find(begin); at != std::string::npos; at = markdown.find(begin, at))
    {
        at += begin.size();
        blocks.push_back(markdown.substr(at, markdown.find(end, at) - at));
    }
    return blocks;
}
}

TEST_CASE("every C++ block of the READMEs is part of an example")
{
    const std::filesystem::path root = XUNMIX_SOURCE_DIR;
    std::string examples;
    for (const auto& entry : std::filesystem::directory_iterator(root / "examples"))
        if (entry.path().extension() == ".cpp")
            examples += bare(read(entry.path()));
    const auto validate = [&](const char* page, std::size_t least)
    {
        const auto blocks = code_blocks(read(root / page));
        CHECK(blocks.size() >= least);
        for (const auto& block : blocks)
        {
            CAPTURE(block);
            CHECK(examples.find(bare(block)) != std::string::npos);
        }
    };
    validate("README.md", 1);
    validate("examples/README.md", 5);
}
}
