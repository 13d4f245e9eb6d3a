// GNU binutils as a second opinion about what an instruction is: thousands of words at a time, since it is a
// program of its own.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace backspin::emu::testing {

/// One instruction in GNU's words; the name is empty where it knows none.
struct GnuInstruction {
    std::string name;
    /// Registers as x5 or f5, other names as they are, numbers as they are read: targets are addresses.
    std::vector<std::string> operands;
};

class GnuDisassembler {
  public:
    /// An ISA string as GNU's assembler takes it: "rv32imac_zba".
    explicit GnuDisassembler(std::string isa)
        : isa_(std::move(isa)),
          folder_(std::filesystem::temp_directory_path() / ("backspin-gnu-" + std::to_string(getpid()))) {}

    /// The instructions of these words, word n at address 4 * n. Precondition: every word is one instruction
    /// of 32 bits. Throws std::runtime_error if a tool fails.
    std::vector<GnuInstruction> operator()(std::span<const std::uint32_t> words) const {
        const Folder folder(folder_);
        const auto file = [&](const char* name) { return (folder_ / name).string(); };
        {
            std::ofstream binary(file("words"), std::ios::binary);
            const auto bytes = std::as_bytes(words);
            binary.write(reinterpret_cast<const char*>(bytes.data()),
                         static_cast<std::streamsize>(bytes.size()));
            std::ofstream source(file("words.s"));
            source << ".incbin \"" << file("words") << "\"\n";
        }
        run("riscv64-unknown-elf-as -march=" + isa_ + " -o " + file("object") + " " + file("words.s"));
        // Without symbols, nothing says that the words are data.
        run("riscv64-unknown-elf-objcopy -S " + file("object"));
        run("riscv64-unknown-elf-objdump -D -z -j .text -M no-aliases,numeric " + file("object") + " >" +
            file("text"));
        return parse(file("text"), words.size());
    }

  private:
    struct Folder {
        explicit Folder(const std::filesystem::path& path) : path(path) {
            std::filesystem::create_directories(path);
        }
        ~Folder() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        std::filesystem::path path;
    };

    static void run(const std::string& command) {
        if (std::system(command.c_str()) != 0) throw std::runtime_error("this failed: " + command);
    }

    /// "  1c:<tab>00b50533<tab>add<tab>x10,x10,x11<tab># a comment", or ".4byte" for a name.
    static std::vector<GnuInstruction> parse(const std::string& file, std::size_t count) {
        std::ifstream text(file);
        std::vector<GnuInstruction> result(count);
        std::size_t seen = 0;
        for (std::string line; std::getline(text, line);) {
            std::istringstream columns(line);
            std::string address, bytes, name, operands;
            std::getline(columns, address, '\t');
            std::getline(columns, bytes, '\t');
            if (!std::getline(columns, name, '\t')) continue;
            std::getline(columns, operands, '\t');
            const auto at = std::stoull(address, nullptr, 16) / 4;
            if (at >= count) throw std::runtime_error("objdump shows more words than there are");
            ++seen;
            if (name.starts_with(".")) continue;
            while (name.ends_with(" ")) name.pop_back();
            result[at] = {name, split(operands)};
        }
        if (seen != count) throw std::runtime_error("objdump shows " + std::to_string(seen) + " words");
        return result;
    }

    /// "x1,-8(x2)" to x1, -8, x2.
    static std::vector<std::string> split(std::string_view operands) {
        std::vector<std::string> result{""};
        for (const char c : operands.substr(0, operands.find('#'))) {
            if (c == ',' || c == '(') {
                if (!result.back().empty()) result.emplace_back();
            } else if (c != ')' && c != ' ') {
                result.back() += c;
            }
        }
        if (result.back().empty()) result.pop_back();
        return result;
    }

    std::string isa_;
    std::filesystem::path folder_;
};

}  // namespace backspin::emu::testing
