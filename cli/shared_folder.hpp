// The folder whose files a semihosting guest may read: plain files below it, and nothing else on this
// computer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "emu/devices/semihosting.hpp"

namespace backspin::cli {

class SharedFolder {
  public:
    /// Nothing is shared: no file can be opened.
    SharedFolder() = default;
    /// Throws StartError unless it is a folder that can be entered.
    explicit SharedFolder(const std::string& path);
    ~SharedFolder();
    SharedFolder(SharedFolder&& other) noexcept;
    SharedFolder& operator=(SharedFolder&&) = delete;

    /// The answer to a request of kind open or read_file, as bytes for the machine. Names are relative to the
    /// folder, with '/' between their parts. Those with "..", those from the root, and those that lead over a
    /// symbolic link are refused, wherever they would lead. Nothing is remembered between two requests.
    std::vector<std::byte> answer(const emu::HostRequest& request) const;

  private:
    int folder_ = -1;
};

}  // namespace backspin::cli
