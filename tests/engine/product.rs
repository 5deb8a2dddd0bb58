//! Which engines the rig can start: Maven coordinates, package names, and the pom made from them.

use std::{fmt, str::FromStr};

use anyhow::{Result, bail};

/// Who makes the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Camunda,
    Operaton,
}

/// One engine the rig knows how to fetch and start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineKind {
    pub product: Product,
    pub version: &'static str,
    spring_boot: &'static str,
    groovy_group: &'static str,
}

pub const CAMUNDA_7_24: EngineKind = EngineKind { product: Product::Camunda, version: "7.24.0", spring_boot: "3.5.5", groovy_group: "org.apache.groovy" };
pub const CAMUNDA_7_18: EngineKind = EngineKind { product: Product::Camunda, version: "7.18.0", spring_boot: "2.7.18", groovy_group: "org.codehaus.groovy" };
pub const OPERATON_1_0: EngineKind = EngineKind { product: Product::Operaton, version: "1.0.3", spring_boot: "3.5.5", groovy_group: "org.apache.groovy" };

/// Every engine, the main reference first.
pub const ENGINES: [EngineKind; 3] = [CAMUNDA_7_24, CAMUNDA_7_18, OPERATON_1_0];

impl EngineKind {
    /// The Java package root of the engine; the rig's Java sources are written for Camunda's.
    pub fn java_package(&self) -> &'static str {
        match self.product {
            Product::Camunda => "org.camunda.bpm",
            Product::Operaton => "org.operaton.bpm",
        }
    }

    /// The prefix of the engine's Spring properties.
    pub fn property_prefix(&self) -> &'static str {
        match self.product {
            Product::Camunda => "camunda.bpm",
            Product::Operaton => "operaton.bpm",
        }
    }

    fn starter(&self) -> (&'static str, &'static str) {
        match self.product {
            Product::Camunda => ("org.camunda.bpm.springboot", "camunda-bpm-spring-boot-starter-rest"),
            Product::Operaton => ("org.operaton.bpm.springboot", "operaton-bpm-spring-boot-starter-rest"),
        }
    }

    /// The Maven project whose runtime class path is the engine.
    pub fn pom(&self) -> String {
        let (group, artifact) = self.starter();
        let dependencies = [
            dependency(group, artifact, Some(self.version)),
            dependency("org.springframework.boot", "spring-boot-starter-jdbc", None),
            dependency("com.h2database", "h2", None),
            dependency("org.postgresql", "postgresql", None),
            dependency(self.groovy_group, "groovy-jsr223", None),
        ]
        .concat();
        format!(
            r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>bpmtop.rig</groupId>
  <artifactId>{self}</artifactId>
  <version>1</version>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>org.springframework.boot</groupId>
        <artifactId>spring-boot-dependencies</artifactId>
        <version>{boot}</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
{dependencies}  </dependencies>
</project>
"#,
            boot = self.spring_boot
        )
    }
}

fn dependency(group: &str, artifact: &str, version: Option<&str>) -> String {
    let version = version.map(|v| format!("<version>{v}</version>")).unwrap_or_default();
    format!("    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{version}</dependency>\n")
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = match self.product {
            Product::Camunda => "camunda",
            Product::Operaton => "operaton",
        };
        write!(f, "{product}-{}", self.version)
    }
}

impl FromStr for EngineKind {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        match ENGINES.iter().find(|engine| engine.to_string() == name) {
            Some(engine) => Ok(*engine),
            None => bail!("unknown engine '{name}'; known: {}", ENGINES.map(|engine| engine.to_string()).join(", ")),
        }
    }
}
