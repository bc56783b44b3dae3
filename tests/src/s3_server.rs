use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use jan_infra::media::S3Settings;
use jan_infra::secret::Secret;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const BUCKET: &str = "jan-media";
const ACCESS_KEY: &str = "AKIDTEST";
const SECRET_KEY: &str = "a-secret-of-the-tests";

/// A server that speaks S3, signatures and all, with one empty bucket in a directory of its own. It
/// stops when it is dropped.
pub struct S3Server {
    address: SocketAddr,
    root: PathBuf,
    _serving: JoinSet<()>,
}

impl S3Server {
    /// Starts on a free loopback port, with its files below `root`.
    ///
    /// # Panics
    ///
    /// If the machine has no free port, or the directory cannot be made.
    pub async fn start(root: PathBuf) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        Self::on(listener.expect("a loopback port is free"), root)
    }

    /// Starts on a listener that was made before it: a port that was held closed, say.
    ///
    /// # Panics
    ///
    /// If the directory cannot be made.
    pub fn on(listener: TcpListener, root: PathBuf) -> Self {
        std::fs::create_dir_all(root.join(BUCKET)).expect("a directory can be made");
        let files = FileSystem::new(&root).expect("it is a directory");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let address = listener.local_addr().expect("it is bound");
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, service.build()));
        Self {
            address,
            root,
            _serving: serving,
        }
    }

    /// What opens its bucket.
    pub fn settings(&self) -> S3Settings {
        Self::settings_at(self.address)
    }

    /// What opens the bucket of a server there.
    pub fn settings_at(address: SocketAddr) -> S3Settings {
        S3Settings {
            bucket: Some(BUCKET.to_owned()),
            endpoint: Some(format!("http://{address}")),
            access_key: Some(ACCESS_KEY.to_owned()),
            secret_key: Some(Secret::new(SECRET_KEY.to_owned())),
            ..S3Settings::default()
        }
    }

    /// The files of its bucket.
    pub fn files(&self) -> PathBuf {
        self.root.join(BUCKET)
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        connections.spawn(async move {
            let server = Builder::new();
            // A client that hangs up is its own business.
            drop(server.serve_connection(TokioIo::new(socket), service).await);
        });
    }
}
