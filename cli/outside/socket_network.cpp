#include "cli/outside/socket_network.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>

#include "cli/outside/frame_queue.hpp"
#include "cli/start_error.hpp"
#include "cli/transport/server.hpp"

namespace backspin::cli {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kLengthBytes = 4;
/// Bytes that a peer who does not read leaves with us: then frames are dropped, as a full cable would.
constexpr std::size_t kMostUnsent = std::size_t{1} << 20;

std::size_t length_at(std::span<const std::byte> bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i)
        length = length << 8 | std::to_integer<std::size_t>(bytes[i]);
    return length;
}

/// One stream to the other emulator, from whichever side it was opened.
class Cable {
  public:
    virtual ~Cable() = default;
    virtual void send(std::span<const std::byte> bytes) = 0;
    virtual std::size_t unsent() const = 0;
    virtual void set_reading(bool on) = 0;
    /// The other side does not speak as it should.
    virtual void cut() = 0;
};

class ListeningCable final : public Cable {
  public:
    ListeningCable(HostLoop& loop, const SocketNetwork& choice, TransportEvents events) {
        if (const auto* at = std::get_if<TcpEndpoint>(&choice.at)) {
            server_ = Server::on_tcp(loop, *at, std::move(events), {});
        } else {
            server_ = Server::on_unix_socket(loop, std::get<UnixEndpoint>(choice.at), std::move(events), {});
        }
    }
    void send(std::span<const std::byte> bytes) override { server_->send(bytes); }
    std::size_t unsent() const override { return server_->unsent(); }
    void set_reading(bool on) override { server_->set_reading(on); }
    void cut() override { server_->close_client(); }

  private:
    std::unique_ptr<Server> server_;
};

template <class Socket>
class ConnectedCable final : public Cable {
  public:
    ConnectedCable(Socket socket, LinkEvents events) {
        const auto shared = std::make_shared<Socket>(std::move(socket));
        link_ = std::make_shared<StreamLink<Socket, Socket>>(shared, shared, std::move(events));
        link_->set_reading(true);
    }
    ~ConnectedCable() override { link_->close(); }
    ConnectedCable(const ConnectedCable&) = delete;
    ConnectedCable& operator=(const ConnectedCable&) = delete;

    void send(std::span<const std::byte> bytes) override { link_->send(bytes); }
    std::size_t unsent() const override { return link_->unsent(); }
    void set_reading(bool on) override { link_->set_reading(on); }
    void cut() override { link_->finish(); }

  private:
    std::shared_ptr<Link> link_;
};

[[noreturn]] void refuse(const std::string& place, const boost::system::error_code& error) {
    throw StartError(fmt::format("--net socket: cannot connect to {}: {}; start the one who listens first",
                                 place, error.message()));
}

std::unique_ptr<Cable> connect(HostLoop& loop, const SocketNetwork& choice, LinkEvents events) {
    boost::system::error_code error;
    if (const auto* at = std::get_if<UnixEndpoint>(&choice.at)) {
        asio::local::stream_protocol::socket socket(loop.io());
        socket.connect(asio::local::stream_protocol::endpoint(at->path), error);
        if (error) refuse(at->path, error);
        return std::make_unique<ConnectedCable<asio::local::stream_protocol::socket>>(std::move(socket),
                                                                                      std::move(events));
    }
    const auto& at = std::get<TcpEndpoint>(choice.at);
    const auto place = fmt::format("{} port {}", at.host, at.port);
    tcp::resolver resolver(loop.io());
    const auto found =
        resolver.resolve(at.host, std::to_string(at.port), tcp::resolver::numeric_service, error);
    if (error) refuse(place, error);
    tcp::socket socket(loop.io());
    asio::connect(socket, found, error);
    if (error) refuse(place, error);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    return std::make_unique<ConnectedCable<tcp::socket>>(std::move(socket), std::move(events));
}

class SocketNetworkEnd final : public Outside {
  public:
    SocketNetworkEnd(HostLoop& loop, const SocketNetwork& choice) {
        const auto received = [this](std::span<const std::byte> bytes) { receive(bytes); };
        if (choice.listens) {
            TransportEvents events;
            events.connected = [this] {
                reader_ = {};
                understood_ = true;
            };
            events.received = received;
            cable_ = std::make_unique<ListeningCable>(loop, choice, std::move(events));
        } else {
            cable_ = connect(loop, choice, {received, [this] { lose(); }});
        }
    }

    std::vector<std::byte> next(std::size_t room) override {
        auto frame = frames_.take(room);
        if (!frames_.half_full()) cable_->set_reading(true);
        return frame;
    }
    void output(std::span<const std::byte> frame) override {
        if (cable_->unsent() < kMostUnsent) cable_->send(with_length(frame));
    }
    bool reaches_others() const override { return true; }
    bool interactive() const override { return !lost_; }

  private:
    void receive(std::span<const std::byte> bytes) {
        if (!understood_) return;
        understood_ = reader_.read(bytes, [this](auto frame) { frames_.add(frame); });
        if (!understood_) {
            fmt::print(stderr,
                       "backspin: --net socket: what the other side sends are no frames; it is cut off\n");
            cable_->cut();
        }
        if (frames_.half_full()) cable_->set_reading(false);
    }
    void lose() {
        lost_ = true;
        fmt::print(stderr, "backspin: --net socket: the other side is gone\n");
    }

    FrameReader reader_;
    FrameQueue frames_;
    bool understood_ = true;  ///< so far, from the one who is connected
    bool lost_ = false;       ///< nothing will ever come again
    std::unique_ptr<Cable> cable_;
};

}  // namespace

bool FrameReader::read(std::span<const std::byte> bytes,
                       const std::function<void(std::span<const std::byte>)>& frame) {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    auto rest = std::span<const std::byte>(waiting_);
    while (rest.size() >= kLengthBytes) {
        const auto length = length_at(rest);
        if (length > kMostFrameBytes) {
            waiting_.clear();
            return false;
        }
        if (rest.size() - kLengthBytes < length) break;
        if (length > 0) frame(rest.subspan(kLengthBytes, length));
        rest = rest.subspan(kLengthBytes + length);
    }
    waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(rest.size()));
    return true;
}

std::vector<std::byte> with_length(std::span<const std::byte> frame) {
    std::vector<std::byte> bytes;
    bytes.reserve(kLengthBytes + frame.size());
    for (std::size_t i = 0; i < kLengthBytes; ++i)
        bytes.push_back(static_cast<std::byte>(frame.size() >> (8 * (kLengthBytes - 1 - i))));
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    return bytes;
}

std::unique_ptr<Outside> open_socket_network(HostLoop& loop, const SocketNetwork& choice) {
    return std::make_unique<SocketNetworkEnd>(loop, choice);
}

}  // namespace backspin::cli
