#include "cli/transport/stdio_transport.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "cli/start_error.hpp"
#include "cli/transport/link.hpp"

namespace backspin::cli {
namespace {

using Stream = boost::asio::posix::stream_descriptor;

/// Asio makes a descriptor non-blocking for everyone who shares it, the shell included: what it was comes
/// back.
class KeptFlags {
  public:
    explicit KeptFlags(int descriptor) : descriptor_(descriptor), flags_(::fcntl(descriptor, F_GETFL)) {}
    ~KeptFlags() {
        if (flags_ >= 0) ::fcntl(descriptor_, F_SETFL, flags_);
    }
    KeptFlags(const KeptFlags&) = delete;
    KeptFlags& operator=(const KeptFlags&) = delete;

  private:
    int descriptor_;
    int flags_;
};

std::shared_ptr<Stream> duplicate(HostLoop& loop, int descriptor, const char* name) {
    auto stream = std::make_shared<Stream>(loop.io());
    const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    boost::system::error_code error;
    if (copy >= 0) stream->assign(copy, error);
    if (copy < 0 || error) {
        if (copy >= 0) ::close(copy);
        throw StartError(std::string(name) +
                         ": --gdb stdio needs pipes or sockets there, as 'target remote | backspin ...' "
                         "in gdb makes them");
    }
    return stream;
}

class StdioTransport final : public Transport {
  public:
    StdioTransport(HostLoop& loop, TransportEvents events) : events_(std::move(events)) {
        LinkEvents link_events;
        link_events.received = [this](std::span<const std::byte> bytes) { events_.received(bytes); };
        link_events.closed = [this] {
            link_.reset();
            if (events_.disconnected) events_.disconnected();
        };
        link_ = std::make_shared<StreamLink<Stream, Stream>>(duplicate(loop, STDIN_FILENO, "stdin"),
                                                             duplicate(loop, STDOUT_FILENO, "stdout"),
                                                             std::move(link_events));
        // The caller has its transport in hand before the first event.
        boost::asio::post(loop.io(), [this, alive = std::weak_ptr(alive_)] {
            if (alive.expired()) return;
            if (events_.connected) events_.connected();
            if (link_) link_->set_reading(true);
        });
    }
    ~StdioTransport() override {
        if (link_) link_->close();
    }

    std::string announcement() const override { return {}; }
    bool connected() const override { return link_ != nullptr; }
    bool accepts_another() const override { return false; }
    void send(std::span<const std::byte> bytes) override {
        if (link_) link_->send(bytes);
    }
    std::size_t unsent() const override { return link_ ? link_->unsent() : 0; }
    void close_client() override {
        if (link_) link_->finish();
    }

  private:
    struct Alive {};
    std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
    KeptFlags input_flags_{STDIN_FILENO};
    KeptFlags output_flags_{STDOUT_FILENO};
    TransportEvents events_;
    std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<Transport> open_stdio_transport(HostLoop& loop, TransportEvents events) {
    return std::make_unique<StdioTransport>(loop, std::move(events));
}

}  // namespace backspin::cli
