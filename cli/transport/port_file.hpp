// --port-file: tells scripts which port was taken, and that it listens.
#pragma once

#include <cstdint>
#include <string>

namespace backspin::cli {

/// Holds a file with the port's number and a line end, for as long as it lives. The file appears whole. One
/// that a killed process left is replaced.
class PortFile {
  public:
    /// Throws StartError: it cannot be written, or there is a file of something else.
    PortFile(std::string path, std::uint16_t port);
    ~PortFile();
    PortFile(const PortFile&) = delete;
    PortFile& operator=(const PortFile&) = delete;

  private:
    std::string path_;
};

}  // namespace backspin::cli
